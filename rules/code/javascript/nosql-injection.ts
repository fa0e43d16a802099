app.post("/login", async (req, res) => {
  // ruleid: javascript-nosql-injection
  await User.findOne(req.body);
  const { name, password } = req.body;
  // ruleid: javascript-nosql-injection
  await User.findOne({ name, password });
  // ok: javascript-nosql-injection
  await User.findOne({ name: String(req.body.name) });
  // ok: javascript-nosql-injection
  const found = items.find((item) => item.id === req.body.id);
  // ok: javascript-nosql-injection
  await prisma.user.findFirst({ where: { name } });
});

app.post("/checked", async (req, res) => {
  const { name } = req.body;
  if (typeof name !== "string") return res.sendStatus(400);
  // ok: javascript-nosql-injection
  await User.findOne({ name });
});
