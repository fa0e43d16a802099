const fs = require("fs");
const path = require("path");
const url = require("url");

// ruleid: javascript-path-from-url
fs.createReadStream(__dirname + req.url);
// ruleid: javascript-path-from-url
fs.readFile("./public" + url.parse(req.url).pathname, done);
// ok: javascript-path-from-url
fs.readFile(path.join(root, path.basename(req.url)), done);
// ok: javascript-path-from-url
fs.readFile("./public/index.html", done);
