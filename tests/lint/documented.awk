# documented.awk LINES HEADER: how many of the prototypes that start on the given lines (one number
# a line in the first file) stand under a comment, carry one on their own line, or continue a block
# of prototypes that does. Prints "documented total", then one undocumented line number a line.
FNR == NR {
    prototype[$1] = 1
    next
}
{
    if ($0 ~ /^[ \t]*$/)
        covered = 0
    if ($0 ~ /\*\/[ \t]*$/)
        covered = 1
    if (FNR in prototype) {
        total++
        if (covered || $0 ~ /\/\*|\/\//)
            documented++
        else
            bare[++n_bare] = FNR
    }
}
END {
    print documented + 0, total + 0
    for (i = 1; i <= n_bare; i++)
        print bare[i]
}
