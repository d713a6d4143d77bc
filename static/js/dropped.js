const NOT_MEANT = /^(\.|~\$|thumbs\.db$|ehthumbs\.db$|desktop\.ini$|__macosx$)/i; // what systems leave in folders, and nobody means to add

/**
 * The files of a drop, folders and all that is in them too. To be called in the event itself: later the drop is empty.
 * @param {DataTransfer} transfer
 * @returns {Promise<{files: {file: File, path: string}[], hidden: number, unreadable: number}>}
 */
export async function droppedFiles(transfer) {
  const found = { files: [], hidden: 0, unreadable: 0 };
  const items = [...transfer.items].filter(({ kind }) => kind === "file");
  const dropped = items.map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
  for (const { entry, file } of dropped) {
    if (entry?.isDirectory) await walk(entry, found);
    else if (file) keep(file, file.name, found);
  }
  return found;
}

/**
 * The files that were picked in a dialog, which gives a folder's hidden ones too.
 * @param {FileList} picked
 */
export function pickedFiles(picked) {
  const found = { files: [], hidden: 0, unreadable: 0 };
  for (const file of picked) keep(file, file.webkitRelativePath || file.name, found);
  return found;
}

/** @param {File} file @param {string} path @param {{files: object[], hidden: number}} found */
function keep(file, path, found) {
  if (path.split("/").some((part) => NOT_MEANT.test(part))) found.hidden += 1;
  else found.files.push({ file, path });
}

/** @param {FileSystemDirectoryEntry} folder @param {{files: object[], hidden: number, unreadable: number}} found */
async function walk(folder, found) {
  if (NOT_MEANT.test(folder.name)) {
    found.hidden += 1;
    return;
  }
  const reader = folder.createReader();
  for (let batch = await entriesOf(reader); batch.length; batch = await entriesOf(reader)) {
    const files = await Promise.all(batch.filter((entry) => entry.isFile).map(fileOf));
    found.unreadable += files.filter((file) => !file).length;
    for (const each of files.filter(Boolean)) keep(each.file, each.path, found);
    for (const entry of batch.filter((one) => one.isDirectory)) await walk(entry, found);
  }
}

/** The next hundred or so; none at the end, or where the folder may not be read. @param {FileSystemDirectoryReader} reader */
function entriesOf(reader) {
  return new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
}

/** @param {FileSystemFileEntry} entry @returns {Promise<{file: File, path: string} | null>} null where it may not be read */
function fileOf(entry) {
  return new Promise((resolve) =>
    entry.file(
      (file) => resolve({ file, path: entry.fullPath.replace(/^\//, "") }),
      () => resolve(null),
    ),
  );
}
