app.post("/clone", (req, res) => {
  // ruleid: javascript-argument-injection
  spawn("git", ["clone", req.body.repository]);
  // ruleid: javascript-argument-injection
  git.clone(req.body.repository);
  // ok: javascript-argument-injection
  spawn("git", ["clone", "--", req.body.repository]);
  const { branch } = req.body;
  if (branch.startsWith("-")) return;
  // ok: javascript-argument-injection
  execFile("git", ["checkout", branch]);
  // ok: javascript-argument-injection
  execFile("mytool", ["run", req.body.name]);
  // ok: javascript-argument-injection
  execFile("git", ["log", `--author=${req.body.author}`]);
});
