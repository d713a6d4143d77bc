// A measurement that goes on is looked at again and again, until it is over.
import { swap } from "./swap.js";
import { toast } from "./toast.js";

const EVERY_MS = 1500;

look();

async function look() {
  const ids = [...document.querySelectorAll("[data-going-on]")].map((section) => section.id);
  if (!ids.length) return;
  await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  try {
    await swap(location.href, ...ids);
    look();
  } catch (error) {
    toast(error.message, { kind: "error" }); // the page still has its button, and a reload looks again
  }
}
