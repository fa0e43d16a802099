// ruleid: javascript-hardcoded-credential
jwt.sign(data, "development");
// ruleid: javascript-hardcoded-credential
app.use(session({ secret: "development", resave: false }));
// ok: javascript-hardcoded-credential
jwt.sign(data, process.env.KEY);
// ok: javascript-hardcoded-credential
app.use(session({ secret: process.env.KEY }));
// ruleid: javascript-hardcoded-credential
const token = "x7Rq2LmP9vTz" + "4KdW8sYb1N";
// ok: javascript-hardcoded-credential
const key = "nameOfASetting";
