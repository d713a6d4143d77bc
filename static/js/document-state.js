import { words } from "./words.js";

/**
 * Where a file is on its way to ready, as a sentence.
 * @param {{status: string, progress: number, progress_of: number, unit: string, reason: string, warnings: string[]}} file
 */
export function documentState({ status, progress, progress_of: of, unit, reason, warnings }) {
  if (status === "failed") return [reason, ...warnings].join(" ");
  if (status === "reading" && of) return words(`file_reading_${unit}`, { progress, of });
  if (status === "ready" && warnings.length) return warnings.join(" ");
  return words(status === "reading" ? "file_opening" : `file_${status}`);
}

/**
 * How far a file is, between 0 and 1; null where it is done.
 * @param {{status: string, progress: number, progress_of: number}} file
 */
export function documentShare({ status, progress, progress_of: of }) {
  if (status === "ready" || status === "failed") return null;
  return of ? progress / of : 0;
}
