package desk

import (
	"context"

	"vigil.example/internal/access"
	"vigil.example/internal/audit"
	"vigil.example/internal/link/weigh"
)

// A Wording is the forms that the texts of a cluster are made from, without the words
// that the sites add.
type Wording struct {
	Cluster string `json:"cluster"`
	Size    int    `json:"size"`
	weigh.Template
}

// Template finds the forms of a cluster's texts, their slots, and what fills them.
func (d *Desk) Template(ctx context.Context, s access.Subject, cluster string) (Wording, error) {
	return asked(ctx, d, s, audit.Entry{Action: "cluster.template", Object: cluster}, func() (Wording, error) {
		c, err := d.Index.Cluster(ctx, cluster, MaxAsked)
		if err != nil {
			return Wording{}, err
		}
		texts := make([]string, len(c.Members))
		for i := range c.Members {
			title, body := c.Members[i].Ad.Poster()
			texts[i] = title + "\n" + body
		}
		return Wording{Cluster: cluster, Size: c.Size, Template: weigh.Forms(texts)}, nil
	})
}
