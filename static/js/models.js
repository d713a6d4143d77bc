// The page of models: what is fetched or read moves without a reload.
import { Moving } from "./moving.js";

new Moving(document.querySelector("#models-page").dataset.states).start();
