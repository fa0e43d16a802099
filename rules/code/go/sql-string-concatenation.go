package main

func main() {
// ruleid: go-sql-string-concatenation
db.Query(fmt.Sprintf("SELECT * FROM users WHERE name = '%s'", name))
q := "DELETE FROM users WHERE id = " + id
// ruleid: go-sql-string-concatenation
db.Exec(q)

// ok: go-sql-string-concatenation
db.Query(fmt.Sprintf("SELECT * FROM %s WHERE name = $1", table), name)
// ok: go-sql-string-concatenation
db.Exec("DELETE FROM users WHERE id = $1", id)
}
