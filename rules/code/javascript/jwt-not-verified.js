// ruleid: javascript-jwt-not-verified
jwt.sign(data, key, { algorithm: "none" });
// ruleid: javascript-jwt-not-verified
jwt.verify(token, key, { algorithms: ["HS256", "none"] });
// ok: javascript-jwt-not-verified
jwt.verify(token, key, { algorithms: ["HS256"] });
// ruleid: javascript-jwt-not-verified
jwt.verify(token, key, { algorithms: ["HS256"], ignoreExpiration: true });
