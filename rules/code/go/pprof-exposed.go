package main

// ruleid: go-pprof-exposed
import _ "net/http/pprof"

// ok: go-pprof-exposed
import "net/http"
