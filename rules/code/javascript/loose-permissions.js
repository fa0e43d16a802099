const fs = require("fs");

// ruleid: javascript-loose-permissions
fs.chmodSync(file, 0o777);
// ruleid: javascript-loose-permissions
fs.writeFileSync(file, data, { mode: 0o666 });
// ok: javascript-loose-permissions
fs.chmodSync(file, 0o600);
// ok: javascript-loose-permissions
fs.writeFileSync(file, data, { mode: 0o600 });
