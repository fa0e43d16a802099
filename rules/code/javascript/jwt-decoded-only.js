// ruleid: javascript-jwt-decoded-only
jwt.decode(token);
// ok: javascript-jwt-decoded-only
jwt.verify(token, key, { algorithms: ["HS256"] });
