package main

// ruleid: go-profiler-for-all
import _ "net/http/pprof"

// ok: go-profiler-for-all
import "net/http"
