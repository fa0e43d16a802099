const fs = require("fs");

// ruleid: javascript-shared-temp-path
fs.writeFileSync("/tmp/state.json", data);
// ruleid: javascript-shared-temp-path
fs.writeFileSync(`/tmp/${name}`, data);
// ok: javascript-shared-temp-path
fs.mkdtempSync(path.join(os.tmpdir(), "state-"));
