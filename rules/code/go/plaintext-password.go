package main

func register(w http.ResponseWriter, r *http.Request) {
	// ruleid: go-plaintext-password
	db.Exec("INSERT INTO users (email, password) VALUES ($1, $2)", in.Email, in.Password)
	hash, _ := bcrypt.GenerateFromPassword([]byte(in.Password), 12)
	// ok: go-plaintext-password
	db.Exec("INSERT INTO users (email, password) VALUES ($1, $2)", in.Email, hash)
	// ok: go-plaintext-password
	db.Exec("INSERT INTO events (name, password_changed) VALUES ($1, $2)", in.Email, now)
}

func login(user User, req Login) {
	// ruleid: go-plaintext-password
	if user.Password != req.Password {
		return
	}
	// ok: go-plaintext-password
	if req.Password != req.Confirm {
		return
	}
}
