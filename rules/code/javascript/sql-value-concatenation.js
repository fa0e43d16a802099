// ruleid: javascript-sql-value-concatenation
db.query("SELECT * FROM users WHERE name = '" + name + "'");
// ruleid: javascript-sql-value-concatenation
db.query(`SELECT * FROM users WHERE id = ${id}`);
const sql = `DELETE FROM users WHERE name = '${name}'`;
// ruleid: javascript-sql-value-concatenation
connection.execute(sql);

// ok: javascript-sql-value-concatenation
db.query("SELECT * FROM users WHERE name = ?", [name]);
// ok: javascript-sql-value-concatenation
db.query(`SELECT * FROM ${TABLE} WHERE id = ?`, [id]);
// ok: javascript-sql-value-concatenation
db.query(`SELECT * FROM users WHERE id = ${Number(id)}`);
