const { exec, execFile } = require("child_process");

function list(folder, done) {
  // ruleid: javascript-command-injection-argument
  exec(`ls ${folder}`, done);
}
module.exports = (options, done) => {
  // ruleid: javascript-command-injection-argument
  exec("git clone " + options.url, done);
};
function safe(folder, done) {
  // ok: javascript-command-injection-argument
  execFile("ls", [folder], done);
}
function none(done) {
  // ok: javascript-command-injection-argument
  exec("ls", done);
}
