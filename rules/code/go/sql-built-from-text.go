package main

func main() {
// ruleid: go-sql-built-from-text
a := fmt.Sprintf("SELECT * FROM users WHERE name = '%s'", name)
// ruleid: go-sql-built-from-text
b := "DELETE FROM users WHERE id = " + id
// ok: go-sql-built-from-text
c := fmt.Sprintf("SELECT * FROM %s WHERE name = $1", table)
// ok: go-sql-built-from-text
d := "DELETE FROM users WHERE id = $1"
}
