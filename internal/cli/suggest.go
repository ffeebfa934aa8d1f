package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// suggest says which of the known names was probably meant.
func suggest(name string, known []string) string {
	if len(known) == 0 {
		return ""
	}
	best, distance := "", len(name)/2+2
	for _, k := range known {
		if len(name) > 2*longestValue {
			break // no typo, and what follows takes time and memory
		}
		if d := typoDistance(strings.ToLower(name), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	const most = 40
	sorted := slices.Sorted(slices.Values(known))
	if len(sorted) <= most {
		return "known are: " + strings.Join(sorted, ", ")
	}
	return fmt.Sprintf("known are: %s and %d more", strings.Join(sorted[:most], ", "), len(sorted)-most)
}

// typoDistance is how far a typo is from the word that was meant: an
// abbreviation and swapped letters are near.
func typoDistance(typed, word string) int {
	if len(typed) >= 3 && strings.HasPrefix(word, typed) {
		return 0
	}
	distance := levenshtein.ComputeDistance(typed, word)
	if letters(typed) == letters(word) {
		return min(distance, 1)
	}
	return distance
}

// letters returns the letters of a word in order.
func letters(word string) string {
	sorted := []rune(word)
	slices.Sort(sorted)
	return string(sorted)
}

// listCommand names the command that lists what there is of a kind of thing.
func listCommand(what string) []string {
	switch what {
	case "capability", "type", "tier":
		return []string{"platformctl capability list"}
	case "team":
		return []string{"platformctl team list", "platformctl team add TEAM"}
	case "component":
		return []string{"platformctl catalog list --kind component"}
	case "resource":
		return []string{"platformctl resource list"}
	}
	return nil
}

func lastField(path string) string {
	return path[strings.LastIndexByte(path, '.')+1:]
}
