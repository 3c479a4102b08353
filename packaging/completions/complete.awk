# How the last of the words may go on. The arguments are the words of a command line behind its first, up to the cursor;
# the rows of option_rows.cpp come on standard input. Each line that is printed is a whole word, a tab and what it
# means, or one of these with a tab and the part of the word that stands before what it is about:
#   @file @directory @command   the name of one is wanted
#   @space                      behind the words a space comes: they are whole
#   @arguments                  a command and its arguments begin here, and the part is their number
# The file goes into the completions of three shells as it is, in single quotes: it has neither these nor backslashes.

function offer(prefix, text, help) {
  if (index(prefix text, word) == 1) { print prefix text tab help; ++offered }
}

function value(kind, prefix,    words, n, i) {
  if (kind == "@input") { endpoint("input", prefix); return }
  if (kind == "@output") { endpoint("output", prefix); return }
  if (kind == "@address") {
    if (index(word, "unix:") == 1) print "@file" tab "unix:"
    else offer(prefix, "unix:", "")
    return
  }
  if (kind ~ /^@/) { print kind tab prefix; return }
  n = split(kind, words, " ")
  for (i = 1; i <= n; ++i) offer(prefix, words[i], "")
}

# The scheme that the text begins with: the longest; a file where there is none.
function scheme_of(side, text,    i, found) {
  found = ""
  for (i = 1; i <= rows; ++i)
    if (where[i] == side && index(text, name[i]) == 1 && length(name[i]) > length(found))
      if (name[i] != "-" || text == "-" || text ~ /^-,/) found = name[i]
  return found
}

# The keys of one scheme, then those that every one of its side has: a scheme may have its own row of the same name.
function keys(side, scheme, prefix,    i, seen) {
  for (i = 1; i <= rows; ++i)
    if ((where[i] == side ":" scheme || where[i] == side ":*") && !seen[name[i]]++) offer(prefix, name[i] "=", help[i])
}

function value_of(side, scheme, key, prefix,    i) {
  for (i = 1; i <= rows; ++i)
    if ((where[i] == side ":" scheme || where[i] == side ":*") && name[i] == key) { value(kinds[i], prefix); return }
}

function endpoint(side, prefix,    text, scheme, base, tail, i) {
  text = substr(word, length(prefix) + 1)
  scheme = scheme_of(side, text)
  if (match(text, /,[a-z0-9-]*(=[^,]*)?$/)) {
    base = prefix substr(text, 1, RSTART)
    tail = substr(text, RSTART + 1)
    if (i = index(tail, "=")) { value_of(side, scheme, substr(tail, 1, i - 1), base substr(tail, 1, i)); return }
    keys(side, scheme, base)
    if (offered) return
  }
  for (i = 1; i <= rows; ++i) {
    if (where[i] != side) continue
    if (name[i] == scheme && kinds[i] != "") value(kinds[i], prefix scheme)
    else if (name[i] != "" && (name[i] != scheme || scheme == "-")) offer(prefix, name[i], help[i])
  }
}

# Whether the words of a way to call the program go on with this one, behind those that were found.
function leads(way, found, next_word) { return index(way " ", (found == "" ? "" : found " ") next_word " ") == 1 }

# Of a program with commands: first their words, then what comes behind them.
function command(    found, arguments, i, j, n, kind, words, known, seen) {
  for (i = 1; i < ARGC - 1; ++i) {
    known = 0
    for (j = 1; j <= rows; ++j)
      if (where[j] == "command" && leads(name[j], found, ARGV[i])) known = 1
    if (known && arguments == 0) found = found (found == "" ? "" : " ") ARGV[i]
    else ++arguments
  }
  for (i = 1; i <= rows; ++i) {
    if (where[i] != "command" || (found != "" && index(name[i] " ", found " ") != 1)) continue
    n = split(substr(name[i], length(found) + 1), words, " ")
    if (n == 0) {
      if (split(kinds[i], kind, " ") > arguments) value(kind[arguments + 1], "")
    } else if (arguments == 0 && !seen[words[1]]++ && (words[1] !~ /^-/ || word ~ /^-/)) {
      offer("", words[1], n == 1 ? help[i] : "")
      print "@space"
    }
  }
}

BEGIN {
  tab = sprintf("%c", 9)
  word = ARGV[ARGC - 1]
  before = ARGC > 2 ? ARGV[ARGC - 2] : ""
  for (i = 1; i < ARGC - 1; ++i)
    if (ARGV[i] == "--") { print "@arguments" tab ARGC - 1 - i; exit }
  while ((getline line < "-") > 0) {
    split(line, part, tab)
    ++rows
    where[rows] = part[1]; name[rows] = part[2]; kinds[rows] = part[3]; help[rows] = part[4]
    if (part[1] == "option") takes[part[2]] = part[3]
  }
  if (where[1] == "command") { command(); exit }
  equals = index(word, "=")
  if (before in takes && takes[before] != "-") value(takes[before], "")
  else if (word ~ /^--[a-z-]+=/) value(takes[substr(word, 1, equals - 1)], substr(word, 1, equals))
  else {
    if (word ~ /^-?$/ || word ~ /^--?[a-z]/ || word == "--")
      for (i = 1; i <= rows; ++i)
        if (where[i] == "option" && (word != "" || name[i] ~ /^--/)) offer("", name[i], help[i])
    if (word == "-" || word !~ /^-[^,]/) endpoint("output", "")
  }
}
