// ruleid: javascript-hardcoded-credential
jwt.sign(data, "development");
// ruleid: javascript-hardcoded-credential
app.use(session({ secret: "development", resave: false }));
// ok: javascript-hardcoded-credential
jwt.sign(data, process.env.KEY);
// ok: javascript-hardcoded-credential
app.use(session({ secret: process.env.KEY }));
