package kernels

import "strings"

// distributions are the packages of PyPI that hold modules of another name.
var distributions = map[string]string{
	"attr": "attrs", "Bio": "biopython", "bs4": "beautifulsoup4", "cairo": "pycairo", "Crypto": "pycryptodome", "Cryptodome": "pycryptodomex", "cv2": "opencv-python-headless",
	"dateutil": "python-dateutil", "docx": "python-docx", "dotenv": "python-dotenv", "faiss": "faiss-cpu", "fitz": "pymupdf", "git": "gitpython", "github": "pygithub",
	"google.protobuf": "protobuf", "grpc": "grpcio", "imblearn": "imbalanced-learn", "IPython": "ipython", "jose": "python-jose", "jwt": "pyjwt", "kafka": "kafka-python",
	"Levenshtein": "levenshtein", "llama_index": "llama-index", "magic": "python-magic", "mpl_toolkits": "matplotlib", "MySQLdb": "mysqlclient", "nacl": "pynacl",
	"OpenGL": "pyopengl", "OpenSSL": "pyopenssl", "osgeo": "gdal", "PIL": "pillow", "pkg_resources": "setuptools", "pptx": "python-pptx", "psycopg2": "psycopg2-binary",
	"pylab": "matplotlib", "pythonjsonlogger": "python-json-logger", "pywt": "pywavelets", "ruamel": "ruamel.yaml", "serial": "pyserial", "skimage": "scikit-image",
	"sklearn": "scikit-learn", "sksurv": "scikit-survival", "skopt": "scikit-optimize", "slugify": "python-slugify", "snappy": "python-snappy", "socks": "pysocks",
	"speech_recognition": "SpeechRecognition", "talib": "TA-Lib", "telegram": "python-telegram-bot", "umap": "umap-learn", "usb": "pyusb", "websocket": "websocket-client",
	"wx": "wxPython", "yaml": "pyyaml", "zmq": "pyzmq",
}

// condaNames are the packages of conda that have another name than on PyPI.
var condaNames = map[string]string{
	"opencv-python-headless": "opencv", "torch": "pytorch", "tables": "pytables", "psycopg2-binary": "psycopg2", "graphviz": "python-graphviz",
	"levenshtein": "python-levenshtein", "igraph": "python-igraph", "TA-Lib": "ta-lib",
}

// ownModules are parts of Python itself that an installation may lack. What is called
// so on PyPI, if anything, is something else.
var ownModules = map[string]bool{
	"tkinter": true, "_tkinter": true, "ensurepip": true, "lzma": true, "_lzma": true, "bz2": true, "_bz2": true, "sqlite3": true, "_sqlite3": true, "curses": true, "_curses": true,
	"readline": true, "ctypes": true, "_ctypes": true, "ssl": true, "_ssl": true, "distutils": true, "imp": true, "asyncio": true, "venv": true, "dbm": true, "idlelib": true, "test": true,
}

// distribution is the package of PyPI that holds a module.
func distribution(module string) string {
	if d := distributions[module]; d != "" {
		return d
	}
	top, _, dotted := strings.Cut(module, ".")
	if top == "google" && dotted { // a name that many packages share
		return strings.ReplaceAll(module, ".", "-")
	}
	if d := distributions[top]; d != "" {
		return d
	}
	return strings.ReplaceAll(top, "_", "-")
}
