// ruleid: javascript-secret-default
const secret = process.env.JWT_SECRET || "change-me";
// ruleid: javascript-secret-default
const cookie = process.env["SESSION_SECRET"] ?? "keyboard cat";
// ok: javascript-secret-default
const port = process.env.PORT || "3000";
// ok: javascript-secret-default
const empty = process.env.JWT_SECRET || "";
// ok: javascript-secret-default
const file = process.env.SECRET_FILE || "/run/secrets/app";
