package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"

	"vigil.example/internal/app"
)

func main() {
	ads := flag.Int("ads", 1500, "")
	data := flag.String("data", "", "")
	score := flag.Bool("score", false, "")
	flag.Parse()
	debug.SetMemoryLimit(400 << 20)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := app.RunDemo(ctx, app.DemoOptions{Config: app.Config{Version: "dev", Data: *data, Listen: "127.0.0.1:8420", Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}, Ads: *ads, Seed: 7, Score: *score}, os.Stdout)
	if err != nil {
		fmt.Println("ERR", err)
		os.Exit(1)
	}
}
