// ruleid: javascript-insecure-cookie
res.cookie("name", value);
// ruleid: javascript-insecure-cookie
res.cookie("name", value, { maxAge: 60 });
// ok: javascript-insecure-cookie
res.cookie("name", value, { secure: true, httpOnly: true });
