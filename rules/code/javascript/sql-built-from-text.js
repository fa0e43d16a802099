// ruleid: javascript-sql-built-from-text
const a = "SELECT * FROM users WHERE name = '" + name + "'";
// ruleid: javascript-sql-built-from-text
const b = `UPDATE users SET name = '${name}'`;
// ok: javascript-sql-built-from-text
const c = "SELECT * FROM users WHERE name = ?";
// ok: javascript-sql-built-from-text
const d = `SELECT * FROM ${table} WHERE id = ?`;
// ok: javascript-sql-built-from-text
const e = `Please select ${name}`;
