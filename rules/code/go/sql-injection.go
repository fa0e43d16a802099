package main

func h(w http.ResponseWriter, r *http.Request) {
name := r.FormValue("name")
// ruleid: go-sql-injection
db.Query("SELECT * FROM users WHERE name = '" + name + "'")
}

func g(c *gin.Context) {
// ruleid: go-sql-injection
db.Exec(fmt.Sprintf("DELETE FROM users WHERE id = %s", c.Query("id")))
}

func e(c echo.Context) error {
// ruleid: go-sql-injection
_, err := db.ExecContext(ctx, "DELETE FROM users WHERE id = "+c.QueryParam("id"))
return err
}

func h(w http.ResponseWriter, r *http.Request) {
// ok: go-sql-injection
db.Query("SELECT * FROM users WHERE name = $1", r.FormValue("name"))
}

func h(w http.ResponseWriter, r *http.Request) {
id, _ := strconv.Atoi(r.FormValue("id"))
// ok: go-sql-injection
db.Query(fmt.Sprintf("SELECT * FROM users WHERE id = %d", id))
}
