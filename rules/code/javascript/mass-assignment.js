app.post("/a", (req, res) => {
  // ruleid: javascript-mass-assignment
  User.create(req.body);
});

app.post("/a", (req, res) => {
  // ruleid: javascript-mass-assignment
  Object.assign(user, req.body);
});

app.post("/b", (req, res) => {
  // ok: javascript-mass-assignment
  User.create({ name: req.body.name });
});
