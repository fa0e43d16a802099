package main

func a(db *sql.DB, table string) {
	// ruleid: go-sql-identifier-concatenation
	db.Query("SELECT * FROM " + table)
	// ruleid: go-sql-identifier-concatenation
	db.Exec(fmt.Sprintf("DROP TABLE %s", table))
	// ok: go-sql-identifier-concatenation
	db.Query("SELECT * FROM users WHERE id = $1", id)
	// ok: go-sql-identifier-concatenation
	db.Query("SELECT * FROM " + TABLE)
}
