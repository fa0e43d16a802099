const fs = require("fs");
const path = require("path");
const url = require("url");

// ruleid: javascript-path-traversal-url
fs.createReadStream(__dirname + req.url);
// ruleid: javascript-path-traversal-url
fs.readFile("./public" + url.parse(req.url).pathname, done);
// ok: javascript-path-traversal-url
fs.readFile(path.join(root, path.basename(req.url)), done);
// ok: javascript-path-traversal-url
fs.readFile("./public/index.html", done);

// The place of the module itself is no request.
// ok: javascript-path-traversal-url
fs.readFileSync(new URL("./schema.json", import.meta.url));
// ok: javascript-path-traversal-url
fs.readFile(path.join(path.dirname(url.fileURLToPath(import.meta.url)), "a.txt"), done);
// ruleid: javascript-path-traversal-url
fs.readFileSync(new URL(request.url, import.meta.url));
