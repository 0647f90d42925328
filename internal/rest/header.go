package rest

import "net/http"

// AppHeaders are the security headers of the app's own origin. Nothing runs
// there but the app's own scripts; styles may be inline because the editor and
// the terminal write theirs into the page. What users wrote is never shown on
// this origin: see ContentHeaders.
func AppHeaders() http.Header {
	return http.Header{
		"Content-Security-Policy": {"default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
			"img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; " +
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

// outputPolicy is the Content-Security-Policy of the page in which a notebook's
// outputs run: it has an opaque origin wherever it is opened, may run scripts and
// load from elsewhere, and reaches nothing of the app.
const outputPolicy = "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads allow-forms; " +
	"default-src https: data: blob: 'unsafe-inline' 'unsafe-eval'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// OutputHeaders changes the app's own headers into those of the page that shows
// notebooks' outputs in a frame.
func OutputHeaders(h http.Header) {
	h.Set("Content-Security-Policy", outputPolicy)
	h.Del("X-Frame-Options")
	h.Del("Cross-Origin-Opener-Policy")
}

// The values of ContentHeaders, which are shared by all answers: nobody writes
// into the values of a header, Set and Add make new ones.
var (
	contentPolicy = []string{ContentPolicy}
	noSniff       = []string{"nosniff"}
	sameOrigin    = []string{"same-origin"}
	noReferrer    = []string{"no-referrer"}
)

// ContentHeaders sets what keeps users' files from running on the app's origin,
// whatever a project's server said: the policy, no guessing of types, and a
// download instead of a page unless the type is known to be inert. The names in h
// are canonical.
func ContentHeaders(h http.Header) {
	h["Content-Security-Policy"] = contentPolicy
	h["X-Content-Type-Options"] = noSniff
	h["Cross-Origin-Resource-Policy"] = sameOrigin
	h["Referrer-Policy"] = noReferrer
	for name := range h {
		if SpeaksForSite(name) {
			delete(h, name)
		}
	}
}

// SpeaksForSite reports whether a header (its canonical name) would act on the
// whole origin, so that no answer of a project may have it.
func SpeaksForSite(name string) bool {
	switch name {
	case "Set-Cookie", "Clear-Site-Data", "Strict-Transport-Security", "Access-Control-Allow-Origin",
		"Access-Control-Allow-Credentials", "Service-Worker-Allowed", "Refresh", "Link":
		return true
	}
	return false
}
