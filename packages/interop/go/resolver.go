package main

import (
	"context"
	"net"

	"github.com/cloudwego/kitex/pkg/discovery"
	"github.com/cloudwego/kitex/pkg/rpcinfo"
	"github.com/cloudwego/kitex/pkg/utils"
)

// Finds one address, as an instance that can be replaced: those of Kitex's own resolvers cannot.
func resolverOf(address string) discovery.Resolver {
	return &discovery.SynthesizedResolver{
		TargetFunc: func(context.Context, rpcinfo.EndpointInfo) string { return address },
		ResolveFunc: func(context.Context, string) (discovery.Result, error) {
			return discovery.Result{Instances: []discovery.Instance{instanceAt(utils.NewNetAddr("tcp", address))}}, nil
		},
		NameFunc: func() string { return "refreshable" },
	}
}

type refreshable struct{ discovery.Instance }

func instanceAt(address net.Addr) discovery.Instance {
	return refreshable{discovery.NewInstance(address.Network(), address.String(), discovery.DefaultWeight, nil)}
}

func (refreshable) RefreshInstanceWithAddr(address net.Addr) discovery.Instance {
	return instanceAt(address)
}
