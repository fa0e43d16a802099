const cp = require("child_process");
const { execSync, execFileSync } = cp;

// ruleid: javascript-shell-built-from-text
execSync(`ping ${host}`);
// ruleid: javascript-shell-built-from-text
cp.exec("ls " + folder);
// ruleid: javascript-shell-built-from-text
child_process.exec(binary + " -v");
// ok: javascript-shell-built-from-text
execFileSync("ping", [host]);
// ok: javascript-shell-built-from-text
cp.exec("ls");
