package rest

import "net/http"

// AppHeaders are the security headers of the app's own origin. Nothing runs
// there but the app's own scripts; styles may be inline because the editor and
// the terminal write theirs into the page. What users wrote is never shown on
// this origin: see ContentHeaders.
func AppHeaders() http.Header {
	return http.Header{
		"Content-Security-Policy": {"default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
			"img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; " +
			"frame-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"},
		"X-Content-Type-Options":       {"nosniff"},
		"X-Frame-Options":              {"DENY"},
		"Referrer-Policy":              {"no-referrer"},
		"Permissions-Policy":           {"camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
	}
}

// ContentPolicy is the Content-Security-Policy of what users wrote: should a
// browser show it after all, it has an opaque origin and no scripts.
const ContentPolicy = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"

// ContentHeaders sets what keeps users' files from running on the app's origin,
// whatever a project's server said: the policy, no guessing of types, and a
// download instead of a page unless the type is known to be inert.
func ContentHeaders(h http.Header) {
	h.Set("Content-Security-Policy", ContentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Del("Set-Cookie")
	h.Del("Clear-Site-Data")
	h.Del("Strict-Transport-Security")
	h.Del("Access-Control-Allow-Origin")
	h.Del("Access-Control-Allow-Credentials")
	h.Del("Service-Worker-Allowed")
	h.Del("Refresh")
	h.Del("Link")
}
