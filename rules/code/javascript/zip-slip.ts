import AdmZip from "adm-zip";
import fs from "fs";
import path from "path";

for (const entry of new AdmZip("a.zip").getEntries()) {
  // ruleid: javascript-zip-slip
  fs.writeFileSync(path.join(target, entry.entryName), entry.getData());
  // ok: javascript-zip-slip
  fs.writeFileSync(path.join(target, path.basename(entry.entryName)), entry.getData());
}

extract.on("entry", (header, stream, next) => {
  // ruleid: javascript-zip-slip
  stream.pipe(fs.createWriteStream(path.join(target, header.name)));
  next();
});

parser.on("entry", (entry) => {
  const file = path.resolve(target, entry.path);
  if (!file.startsWith(root)) return;
  // ok: javascript-zip-slip
  entry.pipe(fs.createWriteStream(file));
});

for (const [name, file] of Object.entries(zip.files)) {
  // ruleid: javascript-zip-slip
  fs.writeFileSync(path.join(target, name), file);
}

for (const name of fs.readdirSync(target)) {
  // ok: javascript-zip-slip
  fs.unlinkSync(path.join(target, name));
}
