package sim

import (
	"net/http"
	"strings"
	"time"
)

// civilAffairs is the bureau of civil affairs: English names in camel case, a
// bearer token, lists of persons. Marriages come as an object keyed by the
// person, with an empty list for none; of the dead the register names only those
// it has, with days in milliseconds.
func civilAffairs() department {
	terms := func(in object) (string, []claim) {
		return in.text("purpose"), claimsOf(in.list("persons"), "idCard", "name", "authNo", "authToken")
	}
	return department{
		id: "civil_affairs", delay: 10 * time.Millisecond, perSecond: 100,
		admits: func(r *http.Request, _ object) bool {
			return strings.EqualFold(r.Header.Get("Authorization"), "Bearer "+keyOf("civil_affairs"))
		},
		refuses: func(w http.ResponseWriter, why refusal) {
			status := [...]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusBadRequest}[why]
			code := [...]string{"UNAUTHORIZED", "NO_AUTHORISATION", "TOO_MANY_REQUESTS", "BAD_REQUEST"}[why]
			reply(w, status, object{"success": false, "errorCode": code})
		},
		routes: []route{
			{"marriage", "/mz/api/v2/marriage/batch", terms, (*City).marriages},
			{"death", "/mz/api/v2/funeral/check", terms, (*City).deaths},
		},
	}
}

func (c *City) marriages(w http.ResponseWriter, in object) {
	data := object{}
	for _, who := range in.list("persons") {
		id := who.text("idCard")
		i, m := c.search("marriage", id, who.text("name"))
		entry := object{"matched": true, "items": []object{}}
		switch m {
		case misnamed:
			entry = object{"matched": false}
		case matched:
			entry["items"] = c.marriageRows(i)
		}
		data[id] = entry
	}
	reply(w, http.StatusOK, object{"success": true, "dataTime": c.now().Format(time.RFC3339), "data": data})
}

// marriageRows uses the registry's own kinds of entry: IA marriage, IB divorce.
// The spouse's number is missing in entries taken over from paper.
func (c *City) marriageRows(i int32) []object {
	p := &c.people[i]
	if p.married.IsZero() || p.has(paper) {
		return []object{}
	}
	organ := "宁波市" + counties[c.homes[p.household].county].name + "民政局婚姻登记处"
	if p.marital == 40 {
		r := c.draw(i, saltMarriage)
		spouse := string(surnames[r.IntN(40)]) + string(manly[r.IntN(len(manly))])
		if p.male() {
			spouse = string(surnames[r.IntN(40)]) + string(womanly[r.IntN(len(womanly))])
		}
		row := object{"partnerName": spouse, "partnerIdCard": "", "partnerSex": sexFlag(!p.male()), "registry": organ}
		wed, parted := copyOf(row), copyOf(row)
		wed["maritalStatus"], wed["bizType"], wed["bizDate"] = "20", "IA", p.married.AddMonths(-60).String()
		parted["maritalStatus"], parted["bizType"], parted["bizDate"] = "40", "IB", p.married.String()
		return []object{wed, parted}
	}
	q := &c.people[p.spouse]
	status := "20"
	if !q.alive() {
		status = "30"
	}
	return []object{{
		"partnerName": c.name(p.spouse), "partnerIdCard": c.number(p.spouse).Reveal(), "partnerSex": sexFlag(q.male()),
		"maritalStatus": status, "bizType": "IA", "bizDate": p.married.String(), "registry": organ,
	}}
}

// sexFlag is 0 for women and 1 for men, against GB/T 2261.1.
func sexFlag(isMale bool) int {
	if isMale {
		return 1
	}
	return 0
}

func copyOf(o object) object {
	out := object{}
	for k, v := range o {
		out[k] = v
	}
	return out
}

func (c *City) deaths(w http.ResponseWriter, in object) {
	list := []object{}
	for _, who := range in.list("persons") {
		i, m := c.search("death", who.text("idCard"), "")
		if m != matched {
			continue
		}
		if p := &c.people[i]; !p.alive() && !p.has(buried) {
			list = append(list, c.deathRow(i))
		}
	}
	reply(w, http.StatusOK, object{"success": true, "dataTime": c.now().Format(time.RFC3339), "data": list})
}

func (c *City) deathRow(i int32) object {
	p := &c.people[i]
	r := c.draw(i, saltDeath)
	return object{
		"name": c.nameIn("death", i), "idCard": c.numberIn("death", i), "birthday": millis(p.born), "deathDate": millis(p.died),
		"deathPlace": []string{"医院", "家中", "养老院"}[r.IntN(3)], "cause": []string{"肺部感染", "脑血管病", "恶性肿瘤", "--"}[r.IntN(4)],
		"funeralHome": "宁波市殡仪馆", "cremationDate": millis(p.died.Add(2 + r.IntN(3))), "cancelled": "Y",
		"cancelDate": millis(p.died.Add(20)),
	}
}
