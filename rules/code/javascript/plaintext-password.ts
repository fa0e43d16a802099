app.post("/register", async (req, res) => {
  const { email, password } = req.body;
  // ruleid: javascript-plaintext-password
  await User.create({ email, password });
  // ok: javascript-plaintext-password
  await User.create({ email, password: await argon2.hash(password) });
  const user = await find(email);
  // ruleid: javascript-plaintext-password
  if (user.password !== password) return;
  // ok: javascript-plaintext-password
  if (form.password !== form.confirm) return;
  // ok: javascript-plaintext-password
  await prisma.user.create({ data: { email, passwordHash } });
});
