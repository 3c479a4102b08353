# Completion of @program@'s command line for fish.

function __@program@_complete
    set -l words (commandline --cut-at-cursor --tokenize --current-process)
    set -e words[1]
    set -l word (commandline --cut-at-cursor --current-token)
    printf '%s' '@rows@' | awk '@complete@' $words "$word" | while read --delimiter \t --local text about
        set -l rest (string sub --start (math 1 + (string length -- "$about")) -- "$word")
        switch $text
            case @arguments
                set -l command
                test $about -gt 1; and set command (string escape -- $words[(math 1 - $about)..])
                complete --do-complete "$command $word"
            case @space # which fish has behind every word
            case @file
                printf '%s\n' "$about"(__fish_complete_path "$rest")
            case @directory
                printf '%s\n' "$about"(__fish_complete_directories "$rest")
            case @command
                printf '%s\n' "$about"(complete --do-complete "$rest")
            case '*'
                printf '%s\t%s\n' $text "$about"
        end
    end
end

complete --command @program@ --no-files --arguments '(__@program@_complete)'
