package main

func seed(db *gorm.DB) {
	// ruleid: go-default-account
	hash, _ := bcrypt.GenerateFromPassword([]byte("admin123"), bcrypt.DefaultCost)
	// ruleid: go-default-account
	db.Create(&User{Name: "admin", Password: "admin"})
	// ok: go-default-account
	db.Create(&User{Name: "admin", Password: os.Getenv("ADMIN_PASSWORD")})
	// ok: go-default-account
	other, _ := bcrypt.GenerateFromPassword([]byte(os.Getenv("ADMIN_PASSWORD")), 12)
	// ok: go-default-account
	field := Field{Name: "user", Password: "yes"}
}

func TestLogin(t *testing.T) {
	// ok: go-default-account
	user := User{Name: "admin", Password: "admin"}
}
