package main

func update(c *gin.Context) {
	var user User
	db.First(&user, c.Param("id"))
	// ruleid: go-mass-assignment
	if err := c.ShouldBindJSON(&user); err != nil {
		return
	}
	db.Save(&user)
}

func patch(w http.ResponseWriter, r *http.Request) {
	var fields map[string]interface{}
	json.NewDecoder(r.Body).Decode(&fields)
	// ruleid: go-mass-assignment
	db.Model(&Account{}).Where("id = ?", id).Updates(fields)
}

func named(c *gin.Context) {
	var user User
	db.First(&user, c.GetInt("userID"))
	var in change
	// ok: go-mass-assignment
	if err := c.ShouldBindJSON(&in); err != nil {
		return
	}
	user.Name = in.Name
	db.Save(&user)
}
