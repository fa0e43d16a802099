const fs = require("fs");
const path = require("path");

function read(filename) {
  // ruleid: javascript-path-traversal-argument
  return fs.readFileSync(path.join(FOLDER, filename));
}
function checked(filename) {
  const full = path.resolve(FOLDER, filename);
  if (!full.startsWith(FOLDER)) {
    throw new Error("outside");
  }
  // ok: javascript-path-traversal-argument
  return fs.readFileSync(full);
}
function base(filename) {
  // ok: javascript-path-traversal-argument
  return fs.readFileSync(path.join(FOLDER, path.basename(filename)));
}
