package reloadly

import "net/http"

const documentPath, pagePath = "/openapi.json", "/docs"

func (s *Server) servePage(w http.ResponseWriter, r *http.Request) bool { return false }
