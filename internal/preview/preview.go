// Package preview makes of files what a person can look at without a program for
// them: tables by the page (CSV and its relatives, JSON Lines, the lines of any
// text) and pictures by their header, scaled when they are large. It reads from an
// io.ReaderAt and knows neither paths nor HTTP.
//
// What it reads is a stranger's: every step is bounded in memory, and what a bound
// left out is told. Formats: RFC 4180 with what is found in the wild, JSON Lines,
// PNG, JPEG, GIF, WebP, BMP, TIFF 6.0; of AVIF (ISO/IEC 23008-12) the header only.
//
// Errors are lyceum.Error: Invalid (it is not what it was taken for), TooLarge
// (over a bound of this package), Unavailable (the file cannot be read).
package preview
