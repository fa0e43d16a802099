// ruleid: javascript-default-account
if (req.body.password === "letmein") grant();
// ruleid: javascript-default-account
const hash = await bcrypt.hash("admin123", 10);
// ruleid: javascript-default-account
await User.create({ email: "admin@example.com", password: "Admin!2024", role: "admin" });
// ok: javascript-default-account
if (input.type === "password") hide();
// ok: javascript-default-account
if (req.body.password === "") reject();
// ok: javascript-default-account
const other = await bcrypt.hash(password, 10);
