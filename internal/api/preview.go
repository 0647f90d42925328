package api

// Table is a part of a file that is read by rows.
type Table struct {
	Version   string `json:"version" doc:"of the file"`
	Format    string `json:"format" enum:"csv,jsonl,lines"`
	Encoding  string `json:"encoding" doc:"as the WHATWG Encoding Standard names it"`
	Delimiter string `json:"delimiter,omitempty" doc:"of csv"`
	Header    bool   `json:"header" doc:"the first row names the columns; it is no row itself"`

	Column      int           `json:"column" doc:"the first column here, from 0"`
	Columns     []TableColumn `json:"columns"`
	ColumnTotal int           `json:"columnTotal" doc:"most cells of a row that was seen"`

	From      int64      `json:"from" doc:"the first row here, from 0"`
	Rows      [][]string `json:"rows" doc:"cells from column on; a row may have fewer, and there may be fewer rows than were asked for"`
	Numbers   []int64    `json:"numbers,omitempty" doc:"which rows of the file these are, from 0, when they are sorted or filtered"`
	Cut       [][2]int   `json:"cut,omitempty" doc:"row and column, as indexes into rows, of cells that are longer"`
	Malformed []int      `json:"malformed,omitempty" doc:"indexes into rows: a quote is not closed, or the line is no JSON"`
	Long      []int      `json:"long,omitempty" doc:"indexes into rows of which only the first 4 MB were looked at"`

	Total    int64 `json:"total" doc:"rows that were found so far, all of them when complete"`
	Complete bool  `json:"complete"`
	Read     int64 `json:"read" doc:"bytes that were read so far"`
	Size     int64 `json:"size" doc:"bytes of the file"`
	Broken   int64 `json:"broken,omitempty" doc:"malformed rows found so far"`
	Matches  int64 `json:"matches" doc:"rows that the filter leaves; total without one"`
	Partial  bool  `json:"partial,omitempty" doc:"too many rows to sort or filter: only the first ones were"`
}

// TableColumn is a column of a table.
type TableColumn struct {
	Name    string `json:"name" doc:"by the header; empty when there is none"`
	Numeric bool   `json:"numeric,omitempty" doc:"its first cells are numbers"`
}

// Picture is what the header of a picture tells.
type Picture struct {
	Version  string `json:"version" doc:"of the file"`
	Format   string `json:"format" enum:"png,jpeg,gif,webp,bmp,tiff,avif"`
	Width    int    `json:"width" doc:"in pixels, as it is seen upright"`
	Height   int    `json:"height"`
	Size     int64  `json:"size" doc:"bytes of the file"`
	Scalable bool   `json:"scalable" doc:"it can be had smaller, by width"`
	TooLarge bool   `json:"tooLarge,omitempty" doc:"it has more pixels than are shown anywhere"`
}
