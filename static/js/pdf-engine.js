// pdf.js, which comes with the first PDF that is opened, and not before.
let library;

/**
 * Open a PDF. Only what is looked at is fetched, in parts; nothing in the file is run.
 * @param {{url: string, worker: string, assets: string}} addresses of the file, of pdf.js's worker, and of the folder it fetches from by need
 * @returns {Promise<{pdfjs: object, pdf: object, close: () => void}>}
 */
export async function openPdf({ url, worker, assets }) {
  const pdfjs = await load();
  pdfjs.GlobalWorkerOptions.workerSrc = worker;
  const task = pdfjs.getDocument({
    url,
    cMapUrl: `${assets}cmaps/`,
    standardFontDataUrl: `${assets}fonts/`,
    wasmUrl: `${assets}wasm/`,
    useWasm: false,
    disableAutoFetch: true,
    disableStream: true,
    verbosity: pdfjs.VerbosityLevel.ERRORS,
  });
  const close = () => task.destroy().catch(() => {}); // what it still waits for is nobody's any more
  try {
    return { pdfjs, pdf: await task.promise, close };
  } catch (error) {
    close();
    throw error;
  }
}

async function load() {
  library ??= import("../vendor/pdfjs/pdf.min.mjs");
  try {
    return await library;
  } catch (error) {
    library = undefined; // it may come the next time
    throw error;
  }
}
