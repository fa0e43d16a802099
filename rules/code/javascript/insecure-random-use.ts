app.post("/login", (req, res) => {
  const value = Math.random().toString(36);
  // ruleid: javascript-insecure-random-use
  res.cookie("sid", value, { httpOnly: true });
  const part = Math.floor(Math.random() * 1e9);
  // ruleid: javascript-insecure-random-use
  const link = `https://app.example.com/reset?t=${part}`;
  // ok: javascript-insecure-random-use
  const delay = `waiting ${Math.random() * 20} ms`;
  // ok: javascript-insecure-random-use
  res.cookie("sid", crypto.randomUUID(), { httpOnly: true });
});
