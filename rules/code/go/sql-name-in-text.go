package main

func a(db *sql.DB, table string) {
	// ruleid: go-sql-name-in-text
	db.Query("SELECT * FROM " + table)
	// ruleid: go-sql-name-in-text
	db.Exec(fmt.Sprintf("DROP TABLE %s", table))
	// ok: go-sql-name-in-text
	db.Query("SELECT * FROM users WHERE id = $1", id)
	// ok: go-sql-name-in-text
	db.Query("SELECT * FROM " + TABLE)
}
