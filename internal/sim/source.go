package sim

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

//go:embed sources/*.yaml
var sourceFiles embed.FS

// ownLimit are the lines by which a source file spares its department.
var ownLimit = regexp.MustCompile(`(?m)^  (concurrency: \d+|per_second: \d+|after: 60ms)$`)

// SourceFiles returns a source file for each category that the city has, by file
// name, such as "hukou.yaml", that joins this city's department with its key. The
// departments must have been started. An instant city is joined without sparing it.
func (c *City) SourceFiles() map[string][]byte {
	files := map[string][]byte{}
	entries, _ := fs.ReadDir(sourceFiles, "sources") // embedded: cannot fail
	for _, e := range entries {
		raw, _ := sourceFiles.ReadFile("sources/" + e.Name())
		text := string(raw)
		for _, id := range Departments() {
			if section := c.section(id); section != "" {
				text = regexp.MustCompile(`(?m)^database: .*\b`+id+`\.sim\b.*$`).ReplaceAllLiteralString(text, "database: "+section)
			}
			text = strings.ReplaceAll(text, "http://"+id+".sim", c.URL(id))
		}
		text = c.exchangeIn(text)
		if c.opts.Instant {
			text = ownLimit.ReplaceAllStringFunc(text, func(line string) string {
				switch {
				case strings.Contains(line, "concurrency"):
					return "  concurrency: 64"
				case strings.Contains(line, "after"):
					return "  after: 10ms"
				}
				return "  per_second: 10000"
			})
		}
		files[e.Name()] = []byte(text)
	}
	return files
}

// section is how a source file names the department's front-end database.
func (c *City) section(department string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.fronts[department]; f != nil {
		return f.shelf.section()
	}
	return ""
}

// CountyFiles returns the source files of registers that each county of the city
// keeps for itself, by file name: the land archive, which has no interface. Its
// clerk answers by a worklist, see [City.FillWorklist], and only for people who
// live there.
func (c *City) CountyFiles(county string) map[string][]byte {
	return map[string][]byte{landFile: fmt.Appendf(nil, landWorklist, county)}
}

const landFile = "land.yaml"

const landWorklist = `# 区县不动产登记档案：没有接口，由档案岗人工填报。
# division %s
name: land
kind: worklist
department: 区自然资源和规划局不动产登记档案（演示）
category: land
refresh: 720h
answers_within: 3wd
liaison: 档案岗（演示）
`
