// ruleid: javascript-sql-built-from-text
db.query("SELECT * FROM users WHERE name = '" + name + "'");
const sql = `UPDATE users SET name = '${name}'`;
// ruleid: javascript-sql-built-from-text
runQuery(sql);

// ok: javascript-sql-built-from-text
db.query("SELECT * FROM users WHERE name = ?");
// ok: javascript-sql-built-from-text
db.query(`SELECT * FROM ${table} WHERE id = ?`);
// ok: javascript-sql-built-from-text
db.query(`Please select ${name}`);
