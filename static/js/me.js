// The person's own page: a preview of the picture, and the browser's time zone.
import { previewPicture } from "./picture-preview.js";
import { suggestTimeZone } from "./time-zone.js";

previewPicture();
suggestTimeZone();
