# Prints C source with comments and the contents of strings blanked, line by line, so that words
# can be searched for in the code alone. Each file goes to the same path below `to`, an existing folder.
FNR == 1 {
    close(stripped)
    stripped = to FILENAME
    in_comment = 0
}
{
    out = ""
    n = length($0)
    for (i = 1; i <= n; i++) {
        c = substr($0, i, 1)
        pair = substr($0, i, 2)
        if (in_comment) {
            if (pair == "*/") {
                in_comment = 0
                i++
            }
        } else if (quote != "") {
            if (c == "\\")
                i++
            else if (c == quote) {
                quote = ""
                out = out c
            }
        } else if (pair == "/*") {
            in_comment = 1
            i++
        } else if (pair == "//") {
            break
        } else {
            if ((c == "\"" && $0 !~ /^ *#/) || c == "'")
                quote = c
            out = out c
        }
    }
    quote = ""
    print out >stripped
}
