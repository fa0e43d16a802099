// ruleid: javascript-sql-string-concatenation
db.query("SELECT * FROM users WHERE name = '" + name + "'");
const sql = `UPDATE users SET name = '${name}'`;
// ruleid: javascript-sql-string-concatenation
runQuery(sql);

// ok: javascript-sql-string-concatenation
db.query("SELECT * FROM users WHERE name = ?");
// ok: javascript-sql-string-concatenation
db.query(`SELECT * FROM ${table} WHERE id = ?`);
// ok: javascript-sql-string-concatenation
db.query(`Please select ${name}`);
