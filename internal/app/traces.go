package app

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	otrace "go.opentelemetry.io/otel/trace"
)

// traces sends spans to an OpenTelemetry collector: one a batch of a stage, one a
// request. They carry names of stages, patterns of routes and counts, never an
// address as it was asked for, since it may hold what somebody typed.
type traces struct {
	provider *trace.TracerProvider
	tracer   otrace.Tracer
}

// newTraces opens the way to a collector (OTLP over HTTP); without a URL there
// are no traces.
func newTraces(ctx context.Context, url, version, owner string) (*traces, error) {
	if url == "" {
		return nil, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(url))
	if err != nil {
		return nil, fmt.Errorf("open traces to %s: %w", url, err)
	}
	p := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(resource.NewSchemaless(
		attribute.String("service.name", "vigil"), attribute.String("service.version", version), attribute.String("service.instance.id", owner))))
	return &traces{provider: p, tracer: p.Tracer("vigil")}, nil
}

func (t *traces) batch(stage string, n int, d time.Duration) {
	if t == nil {
		return
	}
	now := time.Now()
	_, span := t.tracer.Start(context.Background(), stage, otrace.WithTimestamp(now.Add(-d)), otrace.WithAttributes(attribute.Int("vigil.messages", n)))
	span.End(otrace.WithTimestamp(now))
}

// requests traces what is asked of a handler by the pattern of its route.
func (t *traces) requests(h http.Handler) http.Handler {
	if t == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := t.tracer.Start(r.Context(), "request", otrace.WithSpanKind(otrace.SpanKindServer))
		defer span.End()
		r = r.WithContext(ctx)
		h.ServeHTTP(w, r)
		if r.Pattern != "" {
			span.SetName(r.Pattern)
		}
	})
}

// close sends what is left.
func (t *traces) close() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // a collector that is gone keeps nobody from stopping
}
