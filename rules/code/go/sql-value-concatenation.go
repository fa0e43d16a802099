package main

func main() {
// ruleid: go-sql-value-concatenation
db.Query(fmt.Sprintf("SELECT * FROM users WHERE name = '%s'", name))
// ruleid: go-sql-value-concatenation
db.Exec("DELETE FROM users WHERE id = " + id)
// ok: go-sql-value-concatenation
db.Query("SELECT * FROM users WHERE name = $1", name)
// ok: go-sql-value-concatenation
db.Query(fmt.Sprintf("SELECT * FROM %s WHERE name = $1", table), name)
// ruleid: go-sql-value-concatenation
db.Where("name = '" + name + "'").First(&user)
// ok: go-sql-value-concatenation
db.Where("name = ?", name).First(&user)
}
